import { expect, test } from 'vitest'
import { encodeBarrier } from './barrier'

test('a barrier is message 102 with a length-prefixed token, which comes back as it is', () => {
  expect([...encodeBarrier(5)]).toEqual([102, 1, 5])
  expect([...encodeBarrier(300)]).toEqual([102, 2, 0b1010_1100, 2])
})
