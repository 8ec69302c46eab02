#!/usr/bin/env node
// The command `waygate`: finds a Node that can run it, then runs src/main.ts (a clone) or dist/main.js (a package).
import { findNode, inProject, installDependencies, isClone, run } from './bootstrap.mjs';

installDependencies();
const node = findNode();
const entry = isClone() ? inProject('src', 'main.ts') : inProject('dist', 'main.js');
if (node === process.execPath) await import(entry);
else run(node, [entry].concat(process.argv.slice(2)));
