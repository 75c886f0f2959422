#!/usr/bin/env node
// The executable file that discover() finds. tsc builds the plugin itself, and sets no executable bit.
import '../dist/prose/main.js';
