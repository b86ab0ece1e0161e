import { describe, expect, test } from 'vitest'
import { hunkPieces, type Piece } from './hunkPieces'

const cut = (base: string, proposed: string) => hunkPieces({ from: 10, to: 10 + base.length, base, proposed })

function applied(base: string, pieces: readonly Piece[]): string {
  let text = base
  for (const { from, to, base: old, proposed } of pieces.toReversed()) {
    expect(text.slice(from - 10, to - 10)).toBe(old)
    text = text.slice(0, from - 10) + proposed + text.slice(to - 10)
  }
  return text
}

describe('the pieces of a hunk', () => {
  test('a full stop before a blank line stands there, and a word at its own line', () => {
    expect(cut('\n\n', '.\n\nThe ')).toEqual([
      { from: 10, to: 10, base: '', proposed: '.' },
      { from: 12, to: 12, base: '', proposed: 'The ' },
    ])
  })

  test('of a block that is moved only the blanks are drawn', () => {
    expect(cut('a()\n    b()\n    ', '    a()\n        b()\n        ').map(({ proposed }) => proposed)).toEqual([
      '    ',
      '    ',
      '    ',
    ])
  })

  test('a line above a block that is moved is a line', () => {
    expect(cut('    a()\n    ', '    if x:\n        a()\n        ')).toEqual([
      { from: 10, to: 10, base: '', proposed: '    if x:\n' },
      { from: 10, to: 10, base: '', proposed: '    ' },
      { from: 22, to: 22, base: '', proposed: '    ' },
    ])
  })

  test('a rewritten line above a blank one that comes is not one that goes', () => {
    expect(cut('total=0\nreturn total/len( x )', 'total = 0\nreturn total / len(x)\n')).toHaveLength(1)
    expect(cut('\nreturn total/len( x )', 'total\nreturn total / len(x)')).toHaveLength(1)
  })

  test('lines with nothing in common stay together', () => {
    expect(cut('one\ntwo', 'three\nfour')).toHaveLength(1)
    expect(cut('one\ntwo', 'one two')).toHaveLength(1)
  })

  test('carried out they are the hunk', () => {
    let seed = 1
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
    const text = () => Array.from({ length: random(5) + 1 }, () => 'ab '.repeat(3).slice(random(4), 4 + random(4)))
    for (let round = 0; round < 3_000; round += 1) {
      const base = text().join('\n')
      const proposed = text().join('\n')
      const pieces = cut(base, proposed)
      expect(applied(base, pieces)).toBe(proposed)
    }
  })
})
