import { expect, test } from 'vitest'
import { Problem } from '../api/problem'
import { again } from './again'

const failing = (errors: Error[]) => {
  let calls = 0
  const work = () => {
    const error = errors[calls]
    calls += 1
    return error === undefined ? Promise.resolve(calls) : Promise.reject(error)
  }
  return { work, calls: () => calls }
}

test('what cannot be told now is told later', async () => {
  const { work } = failing([new Problem(0, 'away', ''), new Problem(503, 'away', '')])
  expect(await again(work, [0, 0, 0])).toBe(3)
})

test('a refusal is the last word', async () => {
  const refusal = new Problem(404, 'gone', '')
  const { work, calls } = failing([refusal])
  await expect(again(work, [0, 0])).rejects.toBe(refusal)
  expect(calls()).toBe(1)
})

test('it ends', async () => {
  const away = new Problem(0, 'away', '')
  const { work, calls } = failing([away, away, away, away])
  await expect(again(work, [0, 0])).rejects.toBe(away)
  expect(calls()).toBe(3)
})
