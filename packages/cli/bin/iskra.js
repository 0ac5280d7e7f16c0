#!/usr/bin/env node
// The command lives in src/main.ts; this file exists before the build, so that installing can link it.
import '../dist/main.js';
