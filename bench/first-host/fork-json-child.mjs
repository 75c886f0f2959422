process.on('message', ([a, b]) => process.send(a + b));
