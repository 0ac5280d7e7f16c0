// Which short names the variables and properties of a script have. One word has one short name wherever it stands, so that what is
// said alike in the source stays alike in the script: that compresses better than the shortest name for each. A variable may have
// another name in one function, as `word@function`. Which has which is written in found-short.json, as shorten.mjs found it; what is
// not there gets a name that is free.

const LETTERS = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$');
/** One letter, then two. */
export const NAMES = [
  ...LETTERS,
  ...LETTERS.flatMap((first) => LETTERS.map((second) => first + second)),
].filter((name) => !/^(do|if|in|of)$/.test(name));

/** Whether nothing that must be told from the word has this name. */
export const isFree = (word, name, names) => {
  if (word.never.has(name)) return false;
  for (const other of word.beside) if (names.get(other) === name) return false;
  return true;
};

/** How a word is called in one function. */
export const placed = ({ text, within }) => `${text}@${within}`;

/** A name for each word: the one that was chosen, where it fits. Of the others, who stands most often comes first. */
export function nameAll(words, chosen) {
  const names = new Map();
  const sorted = [...words].sort((one, other) => other.count - one.count);
  for (const word of sorted) {
    const name = chosen[word.kind][placed(word)] ?? chosen[word.kind][word.text];
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
export function namesIn(program, wordOf) {
  const marks = [];
  const scopes = [];
  const kept = new Set();

  const words = new Map();
  const wordFor = (kind, text, within) => {
    const id = `${kind} ${text}@${within}`;
    if (!words.has(id)) words.set(id, { kind, text, within, count: 0, beside: new Set(), never: kept });
    return words.get(id);
  };
  const open = (outer, isFunction, within) => {
    const scope = { outer, declared: new Map(), used: new Set(), seen: new Set() };
    scope.home = isFunction ? scope : outer.home;
    scope.within = within ?? outer?.within;
    scopes.push(scope);
    return scope;
  };
  const declare = (pattern, scope) => {
    if (pattern?.type === 'Identifier')
      scope.declared.set(pattern.name, wordFor('variables', pattern.name, scope.within));
    for (const part of ['left', 'argument', 'value']) if (pattern?.[part]) declare(pattern[part], scope);
    for (const part of pattern?.elements ?? pattern?.properties ?? []) declare(part, scope);
  };
  const variable = ({ start, end, name }, scope) => {
    scope.used.add(name);
    marks.push({ start, end, variable: name, scope });
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
    marks.push({
      start: key.start,
      end: target.end,
      key: key.name,
      property: text,
      variable: target.name,
      scope,
    });
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
      if (value) value.within = wordOf(key.name) ?? key.name;
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
    if (type === 'VariableDeclaration')
      for (const { id, init } of node.declarations) {
        declare(id, node.kind === 'var' ? scope.home : scope);
        if (init) init.within = id.name;
      }
    if (/^(Function|Class)Declaration$/.test(type)) {
      node.within = node.id.name;
      declare(node.id, scope);
      variable(node.id, scope);
    }
    if (/Function|Class|^(BlockStatement|For.*|CatchClause)$/.test(type))
      inner = open(scope, /Function/.test(type), node.within);
    if (/^(Function|Class)Expression$/.test(type) && node.id) {
      declare(node.id, inner);
      variable(node.id, inner);
    }
    for (const each of node.params ?? [node.param]) declare(each, inner);
    for (const [name, each] of Object.entries(node)) {
      if (name === 'id' && type !== 'VariableDeclarator') continue;
      // A parameter and a variable of its block cannot have one name.
      visit(/Function|CatchClause/.test(type) && each?.type === 'BlockStatement' ? each.body : each, inner);
    }
  };
  visit(program, open(undefined, true));

  // A variable is seen wherever it is used, and from there out to where it is declared; what nobody declares is the platform's.
  const platform = new Set();
  const homeOf = (name, from) => {
    for (let scope = from; scope; scope = scope.outer) if (scope.declared.has(name)) return scope;
    platform.add(name);
    return undefined;
  };
  for (const from of scopes) {
    for (const word of from.declared.values()) from.seen.add(word);
    for (const name of from.used) {
      const home = homeOf(name, from);
      for (let scope = from; home && scope !== home; scope = scope.outer)
        scope.seen.add(home.declared.get(name));
    }
  }
  for (const mark of marks) {
    if (mark.property !== undefined) mark.property = wordFor('properties', mark.property);
    if (mark.variable !== undefined && !platform.has(mark.variable))
      mark.variable = homeOf(mark.variable, mark.scope).declared.get(mark.variable);
    for (const word of [mark.property, mark.variable]) if (word?.beside) word.count++;
  }
  const apart = (one, other) => {
    if (one === other) return;
    one.beside.add(other);
    other.beside.add(one);
  };
  for (const { declared, seen } of scopes)
    for (const one of declared.values()) {
      one.never = platform;
      for (const other of seen) apart(one, other);
    }
  const all = [...words.values()].filter(({ count }) => count);
  const properties = all.filter(({ kind }) => kind === 'properties');
  for (const one of properties) for (const other of properties) apart(one, other);
  marks.sort((one, other) => one.start - other.start);
  return { marks, words: all };
}
