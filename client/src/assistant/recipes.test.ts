import { expect, test } from 'vitest'
import type { Recipe } from '../api/types'
import { filled, fits } from './recipes'

const recipe = (kind: Recipe['kind'], instruction: string): Recipe => ({
  name: 'x',
  kind,
  instruction,
  placeholders: [],
  built_in: false,
})

test('what is asked for takes the place of its braces, and nothing else does', () => {
  const text = 'From {a language} into {target}, {a language}; keep {0}, { x } and {$&}.'
  expect(filled(recipe('edit', text), { 'a language': ' {target} $& ', target: 'Latin' })).toBe(
    'From {target} $& into Latin, {target} $&; keep {0}, { x } and {$&}.',
  )
  expect(filled(recipe('edit', 'Into {target}'), {})).toBe('Into {target}')
})

test('without a selection there is nothing to change', () => {
  expect(fits(recipe('edit', ''), false)).toBe(false)
  for (const kind of ['write', 'chat'] as const) expect(fits(recipe(kind, ''), false)).toBe(true)
  expect(fits(recipe('edit', ''), true)).toBe(true)
})
