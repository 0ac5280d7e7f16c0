// A script in parts that can be printed again with other names and in other orders, which mean the same.

import { parse } from 'acorn';
import { listsIn } from './free-orders.mjs';
import { namesIn } from './short-names.mjs';

/**
 * The script in parts: text, its names, and lists whose elements may stand in another order.
 * @param wordOf the word of a property, by the name that it has in the code; undefined, if it has to keep that
 */
export function readScript(text, wordOf) {
  const program = parse(text, { ecmaVersion: 'latest' });
  const { marks, words } = namesIn(program, wordOf);
  const lists = listsIn(program, wordOf);
  return { parts: partsOf(text, [...marks, ...lists]), words, lists };
}

/** Text between places, and those; in the elements of a list again. */
function partsOf(text, places) {
  places.sort((one, other) => one.start - other.start || other.end - one.end);
  let next = 0;
  const partsIn = (start, end) => {
    const parts = [];
    let at = start;
    while (places[next]?.start < end) {
      const place = places[next++];
      const before = text.slice(at, place.start);
      // Whether a list needs a space in front of it is seen when it is printed.
      parts.push({ start: at, text: place.elements ? before.trimEnd() : before }, place);
      at = place.end;
      for (const element of place.elements ?? []) element.parts = partsIn(element.start, element.end);
    }
    parts.push({ start: at, text: text.slice(at, end) });
    return parts;
  };
  return partsIn(0, text.length);
}

/**
 * @param names the short name of each word
 * @param places is told where each part began, and where it begins now
 */
export function printScript(parts, names, places) {
  let code = '';
  const print = (part) => {
    places?.push({ was: part.start, now: code.length });
    if (part.elements)
      for (const [at, element] of part.elements.entries()) {
        if (at > 0) code += part.elements[at - 1].between;
        // A word in front of it has to end first.
        else if (/[\w$]$/.test(code) && /^[\w$]/.test(headOf(element.parts, names))) code += ' ';
        element.parts.forEach(print);
      }
    else code += part.text ?? nameAt(part, names);
  };
  parts.forEach(print);
  return code;
}

function headOf(parts, names) {
  for (const part of parts) {
    const text = part.elements ? headOf(part.elements[0].parts, names) : (part.text ?? nameAt(part, names));
    if (text) return text;
  }
  return '';
}

function nameAt({ key, property, variable }, names) {
  const left = names.get(property) ?? key;
  const right = names.get(variable) ?? variable;
  return left && right && left !== right ? `${left}:${right}` : (left ?? right);
}
