import { expect, test } from 'vitest'
import { readChosen, sideWidths } from './sideWidths'

const none = { left: null, right: null }
const now = (chosen: Parameters<typeof sideWidths>[0], window: number) => {
  const { left, right } = sideWidths(chosen, window)
  return [left.now, right.now]
}

test('the sides are as wide as usual until somebody moves them', () => {
  expect(now(none, 1440)).toEqual([264, 352])
  expect(now(none, 1000)).toEqual([224, 304])
  expect(now({ left: 400, right: null }, 1440)).toEqual([400, 352])
})

test('whatever was chosen on another screen, the text keeps its place on this one', () => {
  for (const window of [861, 1000, 1280, 1440, 2560]) {
    const [left = 0, right = 0] = now({ left: 5_000, right: 5_000 }, window)
    expect(window - left - right).toBeGreaterThanOrEqual(320)
    expect(now({ left: 1, right: 1 }, window)).toEqual([216, 272])
  }
})

test('what a side may have at most leaves the other one its least', () => {
  const { left, right } = sideWidths(none, 1280)
  expect(left.most).toBe(1280 - 320 - 272)
  expect(right.most).toBe(1280 - 320 - 264)
})

test('anything may stand in what the browser has kept', () => {
  expect(readChosen('{"left":300}')).toEqual({ left: 300, right: null })
  for (const json of [null, '', '{', 'null', '[]', '"a"', '{"left":"1","right":-3}', '{"left":null}']) {
    expect(readChosen(json)).toEqual(none)
  }
})
