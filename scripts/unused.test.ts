// What is left out of a script is what nobody could have seen: questions that had no answer, properties that nobody reads, classes
// that nobody tells apart.

import { describe, expect, it } from 'vitest';

interface Edit {
  start: number;
  end: number;
  text: string;
}

const { emptyClasses, questionsBeside, unreadProperties } = (await import(
  new URL('unused.mjs', import.meta.url).href
)) as {
  questionsBeside(code: string): Edit[];
  unreadProperties(code: string, own: ReadonlySet<string>): Edit[];
  emptyClasses(code: string): Edit[];
};

function edited(code: string, edits: Edit[]): string {
  for (const { start, end, text } of edits.sort((one, other) => other.start - one.start))
    code = code.slice(0, start) + text + code.slice(end);
  return code;
}

const alone = (code: string): string => edited(code, questionsBeside(code));
const read = (code: string): string => edited(code, unreadProperties(code, new Set(['own', 'more'])));
const told = (code: string): string => edited(code, emptyClasses(code));

describe('a core with nothing beside it', () => {
  it.each([
    [
      'is told nothing',
      'if(!path.lost?.(one,path.first))end(breaker?.pause()??1)',
      'if(!void 0)end(void 0??1)',
    ],
    ['sends nothing of it', '({a:1,beat:path.beat,...path.asks?.(one)})', '({a:1,...void 0})'],
    [
      'keeps what it writes itself',
      'path.request=Math.min(path.request,1)',
      'path.request=Math.min(path.request,1)',
    ],
    ['asks others', 'one.path?.lost(way.first,path)', 'one.path?.lost(way.first,path)'],
  ])('%s', (_, code, left) => {
    expect(alone(code)).toBe(left);
  });
});

describe('a property that nobody reads', () => {
  it.each([
    ['a method', '({a,own(){return 1},b})', '({a,b})'],
    ['the last one', '({a,own:b})', '({a,})'],
    ['one that is written', 'a.own=true;a.b=1', ';a.b=1'],
  ])('goes: %s', (_, code, left) => {
    expect(read(code)).toBe(left);
  });

  it.each([
    ['somebody outside may read it', '({a:1});b.a=2;'],
    ['it is read elsewhere', '({own:1,more:2});a.own+a?.more;'],
    ['it is taken from an object', '({own:1});let{own}=a;'],
    ['it is named in a string', '({own:1});a["own"];'],
    ['it is counted', 'a.own++;a.more||=1;'],
    ['something happens when it is made', '({own:f()});a.own=f();f().more=1;'],
    ['what is written is used', 'b=a.own=1;'],
  ])('stays when %s', (_, code) => {
    expect(read(code)).toBe(code);
  });
});

describe('a class that adds nothing', () => {
  it('is made as the one that it extends', () => {
    expect(told('var A=class extends B{};f(new A(1));f(new A(2))')).toBe('var A=0;f(new B(1));f(new B(2))');
  });

  it.each([
    ['somebody asks for it', 'var A=class extends B{};f(new A,one instanceof A)'],
    ['it is given to others', 'var A=class extends B{};f(new A);g={A}'],
    ['it adds something', 'var A=class extends B{a(){}};f(new A)'],
    ['it extends nothing', 'var A=class{};f(new A)'],
  ])('stays when %s', (_, code) => {
    expect(told(code)).toBe(code);
  });
});
