import { messageOf } from '../../src/errors.ts';
import { ensureBinaries } from './binaries.ts';
import { type BinaryName, RECIPES } from './recipes.ts';

// Builds the named programs (all without a name) and prints one `name path` line each: node dev/build/main.ts [NAME...]
const isName = (text: string): text is BinaryName => Object.hasOwn(RECIPES, text);
const known = Object.keys(RECIPES).filter(isName);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !isName(name));
if (unknown.length > 0) {
  console.error(`unknown program ${unknown.join(', ')}; known: ${known.join(', ')}`);
  process.exit(2);
}
try {
  const names = asked.length > 0 ? asked.filter(isName) : known;
  const paths = await ensureBinaries(names, (line) => console.error(line));
  for (const name of names) console.log(`${name} ${paths[name]}`);
} catch (error) {
  console.error(messageOf(error));
  process.exit(1);
}
