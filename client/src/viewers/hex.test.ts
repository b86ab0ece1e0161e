import { expect, test } from 'vitest'
import { hexLines } from './hex'

test('bytes in lines of sixteen', () => {
  const bytes = new Uint8Array([0x89, 0x50, 0x4e, 0x47, ...Array<number>(14).fill(0)])
  expect(hexLines(bytes)).toEqual([
    '0000  89 50 4e 47 00 00 00 00 00 00 00 00 00 00 00 00  ·PNG············',
    `0010  00 00${' '.repeat(42)}  ··`,
  ])
  expect(hexLines(new Uint8Array())).toEqual([])
})
