#!/usr/bin/env node
// What discover() finds: an executable file. The plugin itself is built by tsc, which sets no executable bit.
import '../dist/fences/main.js';
