// Which parts of a script may stand in another order, and in which they stand. One word has one place among others wherever it
// stands, for the same reason for which it has one short name: see short-names.mjs. It may have another in one function.

import { placed } from './short-names.mjs';

/** The elements of each list by the place that their words have everywhere; those that have none stay behind, as they are. */
export function sortAll(lists, order) {
  const places = new Map(order.map((word, at) => [word, at]));
  const placeOf = (word) => places.get(placed(word)) ?? places.get(word.text) ?? Infinity;
  for (const { elements } of lists)
    elements.sort((one, other) => placeOf(one) - placeOf(other) || one.start - other.start);
}

/**
 * What means the same in any order: methods, private properties, what is taken from an object, variables that begin as something
 * plain, functions, both sides of a comparison, and that of which the least or the largest is taken.
 */
export function listsIn(program, wordOf) {
  const lists = [];
  const add = (nodes, within, wordAt, between = ',') => {
    let elements = [];
    for (const node of [...nodes, undefined]) {
      const text = node && wordAt(node);
      if (text !== undefined) {
        const { start, end } = node;
        elements.push({ start, end, text, within, between });
        continue;
      }
      if (elements.length > 1) lists.push({ start: elements[0].start, end: elements.at(-1).end, elements });
      elements = [];
    }
  };
  /** What something plain is sorted by: the name at its end, or itself. */
  const lastOf = (node) => {
    const inner = node.expression ?? node.property ?? node.argument ?? node.right;
    return inner ? lastOf(inner) : (wordOf(node.name) ?? node.name ?? node.raw ?? node.type);
  };
  const visit = (node, outer) => {
    if (Array.isArray(node)) return node.forEach((each) => visit(each, outer));
    if (typeof node?.type !== 'string') return;
    const { type, within = outer } = node;
    if (type === 'ObjectExpression')
      add(node.properties, within, ({ computed, key, value }) => {
        const word = !computed && key?.type === 'Identifier' ? wordOf(key.name) : undefined;
        const isMethod = key?.type === 'Identifier' && !computed && /Function/.test(value.type);
        return isMethod || (word !== undefined && isPlain(value)) ? (word ?? key.name) : undefined;
      });
    // What is taken away from the rest cannot be told from here.
    if (type === 'ObjectPattern' && !node.properties.some((each) => each.type === 'RestElement'))
      add(node.properties, within, ({ computed, key, value }) => {
        const isTaken =
          value.type === 'Identifier' ||
          (value.type === 'AssignmentPattern' && value.left.type === 'Identifier' && isConstant(value.right));
        return !computed && isTaken ? (wordOf(key.name) ?? key.name) : undefined;
      });
    if (type === 'VariableDeclaration')
      add(node.declarations, within, ({ id, init }) =>
        id.type === 'Identifier' && isConstant(init) ? id.name : undefined,
      );
    if (type === 'BlockStatement' || type === 'Program')
      add(node.body, within, (each) => (each.type === 'FunctionDeclaration' ? each.id.name : undefined), '');
    if (type === 'CallExpression' && /^(max|min)$/.test(node.callee.property?.name))
      add(node.arguments, within, (each) => (isPlain(each) ? lastOf(each) : undefined));
    if (type === 'BinaryExpression' && node.operator in MIRRORED) {
      const sides = [node.left, node.right];
      add(sides, within, (each) => (isSide(each) ? lastOf(each) : undefined), node.operator);
      const list = lists.at(-1);
      if (sides.every(isSide)) list.elements[1].between = MIRRORED[node.operator];
    }
    for (const each of Object.values(node)) if (typeof each === 'object') visit(each, within);
  };
  visit(program);
  return lists;
}

/** Has no effect, and is the same whenever it is asked for. */
function isConstant(node) {
  return (
    !node ||
    /Function|^Literal$/.test(node.type) ||
    (node.type === 'UnaryExpression' && isConstant(node.argument)) ||
    (node.type === 'BinaryExpression' && isConstant(node.left) && isConstant(node.right)) ||
    (node.type === 'ArrayExpression' && node.elements.every(isConstant)) ||
    (node.type === 'NewExpression' && /^(Map|Set)$/.test(node.callee.name) && !node.arguments.length)
  );
}

/** Has no effect. */
const isPlain = (node) =>
  isConstant(node) ||
  node.type === 'Identifier' ||
  (node.type === 'MemberExpression' && !node.computed && isPlain(node.object)) ||
  (node.type === 'ChainExpression' && isPlain(node.expression)) ||
  (node.type === 'BinaryExpression' && isPlain(node.left) && isPlain(node.right));

/** The same comparison from its other side. */
const MIRRORED = {
  '===': '===',
  '!==': '!==',
  '==': '==',
  '<': '>',
  '>': '<',
  '<=': '>=',
  '>=': '<=',
};

/** Needs no brackets beside a comparison. */
const isSide = (node) =>
  isPlain(node) && !/Function|Array|New/.test(node.type) && /^[-+*/]?$/.test(node.operator ?? '');
