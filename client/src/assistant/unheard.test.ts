import { expect, test } from 'vitest'
import type { PlacedHunk } from './placement'
import { patience, Unheard } from './unheard'

const placed = (hunk: string, show: PlacedHunk['show']) => ({ hunk, show }) as PlacedHunk

test('a change that stands in the text is not drawn until it is clear that nobody accepted it', () => {
  const unheard = new Unheard()
  const found = [placed('a', 'made'), placed('b', 'pending')]
  expect(unheard.sift(found, 100)).toEqual({ hunks: [placed('b', 'pending')], wait: patience })
  expect(unheard.sift(found, 1_100).wait).toBe(patience - 1_000)
  expect(unheard.sift(found, 100 + patience)).toEqual({
    hunks: [placed('a', 'stale'), placed('b', 'pending')],
    wait: null,
  })
})

test('it counts from the last time that it came to stand there', () => {
  const unheard = new Unheard()
  unheard.sift([placed('a', 'made')], 0)
  unheard.sift([placed('a', 'pending')], patience)
  expect(unheard.sift([placed('a', 'made')], patience + 1)).toEqual({ hunks: [], wait: patience })
})
