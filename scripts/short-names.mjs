// Gives variables and properties of a script short names. One word has one short name wherever it stands, so that what is said
// alike in the source stays alike in the script: that compresses better than the shortest name for each. Which word gets which name
// is written in short-names.json, as shorten.mjs found it; a word that is not there gets one that is free.

import { parse } from 'acorn';

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$');
/** One letter, then two. */
export const NAMES = [
  ...LETTERS,
  ...LETTERS.flatMap((first) => LETTERS.map((second) => first + second)),
].filter((name) => !/^(do|if|in|of)$/.test(name));

/**
 * The script in pieces, and between them its names.
 * @param wordOf the word of a property, by the name that it has in the code; undefined, if it has to keep that
 */
export function readScript(text, wordOf) {
  const { marks, words } = namesIn(parse(text, { ecmaVersion: 'latest' }), wordOf);
  let end = 0;
  const texts = marks.map((mark) => {
    const before = text.slice(end, mark.start);
    end = mark.end;
    return before;
  });
  return { code: { marks, texts, rest: text.slice(end) }, words };
}

/** @param names the short name of each word */
export function printScript({ marks, texts, rest }, names) {
  let text = '';
  for (const [at, mark] of marks.entries()) text += texts[at] + nameAt(mark, names);
  return text + rest;
}

/** Where each name ended before, and where it ends now. */
export function placesOf({ marks, texts }, names) {
  let now = 0;
  return marks.map((mark, at) => ({
    was: mark.end,
    now: (now += texts[at].length + nameAt(mark, names).length),
  }));
}

function nameAt({ key, property, variable }, names) {
  const left = names.get(property) ?? key;
  const right = names.get(variable) ?? variable;
  return left && right && left !== right ? `${left}:${right}` : (left ?? right);
}

/** Whether nothing that must be told from the word has this name. */
export const isFree = (word, name, names) => {
  if (word.never.has(name)) return false;
  for (const other of word.beside) if (names.get(other) === name) return false;
  return true;
};

/** A name for each word: the one that was chosen, where it fits. Of the others, who stands most often comes first. */
export function nameAll(words, chosen) {
  const names = new Map();
  const sorted = [...words].sort((one, other) => other.count - one.count);
  for (const word of sorted) {
    const name = chosen[word.kind][word.text];
    if (name && isFree(word, name, names)) names.set(word, name);
  }
  for (const word of sorted) {
    if (!names.has(word))
      names.set(
        word,
        NAMES.find((name) => isFree(word, name, names)),
      );
  }
  return names;
}

/** Where each name stands, and which words must be told apart: all properties, and variables that are seen in one place. */
function namesIn(program, wordOf) {
  const marks = [];
  const scopes = [];
  const kept = new Set();

  const open = (outer) => {
    const scope = { outer, declared: new Set(), used: new Set(), seen: new Set() };
    scopes.push(scope);
    return scope;
  };
  const declare = (pattern, scope) => {
    if (pattern?.type === 'Identifier') scope.declared.add(pattern.name);
    for (const part of ['left', 'argument', 'value']) if (pattern?.[part]) declare(pattern[part], scope);
    for (const part of pattern?.elements ?? pattern?.properties ?? []) declare(part, scope);
  };
  const variable = ({ start, end, name }, scope) => {
    scope.used.add(name);
    marks.push({ start, end, variable: name });
  };
  const property = ({ start, end }, name) => {
    const text = wordOf(name);
    if (text === undefined) kept.add(name);
    else marks.push({ start, end, property: text });
  };
  /** `{ property: variable }` and `{ property }`: one mark, since one name is enough where both are the same. */
  const pair = (key, target, scope) => {
    scope.used.add(target.name);
    const text = wordOf(key.name);
    if (text === undefined) kept.add(key.name);
    marks.push({ start: key.start, end: target.end, key: key.name, property: text, variable: target.name });
  };

  const visit = (node, scope) => {
    if (Array.isArray(node)) return node.forEach((each) => visit(each, scope));
    if (typeof node?.type !== 'string') return;
    const { type, key, value, computed } = node;
    if (type === 'Identifier') return variable(node, scope);
    if (type === 'Literal') {
      if (wordOf(value) !== undefined) property({ start: node.start + 1, end: node.end - 1 }, value);
      return;
    }
    if (type === 'MemberExpression' && !computed) {
      visit(node.object, scope);
      return property(node.property, node.property.name);
    }
    if (/^(Property|MethodDefinition|PropertyDefinition)$/.test(type) && !computed) {
      const target = value?.type === 'AssignmentPattern' ? value.left : value;
      if (type === 'Property' && key.type === 'Identifier' && target.type === 'Identifier') {
        pair(key, target, scope);
        return visit(value.right, scope);
      }
      if (key.type === 'Identifier') property(key, key.name);
      return visit(value, scope);
    }
    if (node.label) throw new Error('A label would have to have a name of its own.');
    let inner = scope;
    if (type === 'VariableDeclarator') declare(node.id, scope);
    if (/^(Function|Class)Declaration$/.test(type)) declare(node.id, scope);
    if (/Function|Class|^(BlockStatement|For.*|CatchClause)$/.test(type)) inner = open(scope);
    if (/^(Function|Class)Expression$/.test(type) && node.id) declare(node.id, inner);
    for (const each of node.params ?? [node.param]) declare(each, inner);
    for (const each of Object.values(node)) {
      // A parameter and a variable of its block cannot have one name.
      visit(/Function|CatchClause/.test(type) && each?.type === 'BlockStatement' ? each.body : each, inner);
    }
  };
  visit(program, open());

  // A variable is seen wherever it is used, and from there out to where it is declared; what nobody declares is the platform's.
  const platform = new Set();
  for (const from of scopes) {
    for (const name of from.declared) from.seen.add(name);
    for (const name of from.used) {
      let scope = from;
      for (; scope && !scope.declared.has(name); scope = scope.outer) scope.seen.add(name);
      if (!scope) platform.add(name);
    }
  }

  const words = { variables: new Map(), properties: new Map() };
  const wordFor = (kind, text) => {
    if (text === undefined || (kind === 'variables' && platform.has(text))) return text;
    const never = kind === 'variables' ? platform : kept;
    if (!words[kind].has(text)) words[kind].set(text, { kind, text, count: 0, beside: new Set(), never });
    const word = words[kind].get(text);
    word.count++;
    return word;
  };
  for (const mark of marks) {
    mark.property = wordFor('properties', mark.property);
    mark.variable = wordFor('variables', mark.variable);
  }
  const apart = (one, other) => {
    if (!one || !other || one === other) return;
    one.beside.add(other);
    other.beside.add(one);
  };
  for (const { declared, seen } of scopes)
    for (const name of declared)
      for (const other of seen) apart(words.variables.get(name), words.variables.get(other));
  for (const one of words.properties.values())
    for (const other of words.properties.values()) apart(one, other);
  marks.sort((one, other) => one.start - other.start);
  return { marks, words: [...words.variables.values(), ...words.properties.values()] };
}
