// What a script has and never uses: questions to what stands beside the core, where nothing does; properties that nobody reads; classes
// that nobody tells apart. A minifier cannot know of them. Each answer is a list of edits: from where to where, and the new text.

import { parse } from 'acorn';

/** Through these the core asks what is beside it. */
const BESIDE = new Set(['path', 'breaker']);
/** Of that, the core itself writes this one, and reads it again. */
const OWN = 'request';

/** Of the code of a core with nothing beside it: each question to that has no answer. */
export function questionsBeside(code) {
  const questions = [];
  visit(parse(code, { ecmaVersion: 'latest' }), (node) => {
    // A property without a value is neither sent nor read.
    if (node.type === 'Property' && isQuestion(node.value)) questions.push(withComma(code, node));
    else if (isQuestion(node)) questions.push({ ...node, text: 'void 0' });
    else return true;
    return false;
  });
  return questions;
}

function isQuestion({ type, expression, callee, object, property }) {
  if (type === 'ChainExpression') return isQuestion(expression);
  if (type === 'CallExpression') return isQuestion(callee);
  return type === 'MemberExpression' && BESIDE.has(object.name) && property.name !== OWN;
}

/**
 * Properties that are only written.
 * @param own names that nobody outside can mean
 */
export function unreadProperties(code, own) {
  const read = new Set();
  const writes = [];
  visit(parse(code, { ecmaVersion: 'latest' }), (node, parent, above) => {
    const name = nameIn(node);
    const place = placeOf(node, parent, above);
    if (place && isIdle(place.value)) writes.push({ name, ...place });
    else if (name !== undefined) read.add(name);
    return true;
  });
  return writes.filter(({ name }) => own.has(name) && !read.has(name)).map((place) => withComma(code, place));
}

/** Classes that add nothing to another one and are only made: made is the other one. */
export function emptyClasses(code) {
  const empty = new Map();
  const made = [];
  visit(parse(code, { ecmaVersion: 'latest' }), (node, parent) => {
    const { type, id, init } = node;
    if (type === 'VariableDeclarator' && init?.superClass?.type === 'Identifier' && !init.body.body.length)
      empty.set(id.name, { start: init.start, end: init.end, text: '0', other: init.superClass.name });
    else if (type === 'Identifier' && parent.id !== node)
      made.push({ ...node, isMade: parent.type === 'NewExpression' && parent.callee === node });
    return true;
  });
  for (const { name, isMade } of made) if (!isMade) empty.delete(name);
  const edits = made
    .filter(({ name }) => empty.has(name))
    .map(({ start, end, name }) => ({ start, end, text: empty.get(name).other }));
  return [...empty.values(), ...edits];
}

/** The property that it names, perhaps in a string. */
function nameIn({ type, computed, property, key, value }) {
  if (type === 'Literal') return String(value);
  if (type === 'TemplateElement') return value.cooked;
  return computed ? undefined : (property ?? key)?.name;
}

/** Where it writes a property, and what; undefined, if it does not, or if something is made of that. */
function placeOf(node, parent, above) {
  if (node.type === 'Property')
    return parent.type === 'ObjectExpression' && !node.computed ? node : undefined;
  const isTarget = parent?.type === 'AssignmentExpression' && parent.operator === '=' && parent.left === node;
  if (!isTarget || above.type !== 'ExpressionStatement' || node.object?.type !== 'Identifier')
    return undefined;
  return { start: parent.start, end: parent.end, value: parent.right };
}

/** Whether nothing happens when its value is made. */
const isIdle = ({ type, argument }) =>
  /^(Identifier|Literal|ArrowFunctionExpression|FunctionExpression)$/.test(type) ||
  (type === 'UnaryExpression' && isIdle(argument));

/** @param enter whether to look into a node */
function visit(node, enter, parent, above) {
  if (!enter(node, parent, above)) return;
  for (const inner of Object.values(node).flat()) if (inner?.type) visit(inner, enter, node, parent);
}

/** A property goes with the comma behind it. */
const withComma = (code, { start, end }) => ({
  start,
  end: end + /^\s*,?/.exec(code.slice(end))[0].length,
  text: '',
});
