import { describe, expect, test } from 'vitest'

globalThis.matchMedia = (() => ({ matches: false, addEventListener: () => undefined })) as never
globalThis.document = { documentElement: { dataset: {} } } as never
const { codeColors, currentScheme, readColors, setCodeColors } = await import('./setting')
const { setTheme } = await import('../../app/theme')

describe('the colours of code that a browser has kept', () => {
  test.each([
    null,
    '',
    '{',
    '7',
    '[]',
    '"nord"',
    '{"light": "nord", "dark": "constructor"}',
    '{"light": {"toString": 1}, "dark": null}',
  ])('%s is none', (kept) => expect(readColors(kept)).toEqual({ light: 'ink', dark: 'ink' }))

  test('are one for the light and one for the dark', () => {
    expect(readColors('{"light": "github", "dark": "nord", "more": 1}')).toEqual({ light: 'github', dark: 'nord' })
    expect(readColors('{"dark": "dracula"}')).toEqual({ light: 'ink', dark: 'dracula' })
  })
})

test('the colours follow whether the page is light or dark', () => {
  const seen: string[] = []
  currentScheme.subscribe(() => seen.push(`${currentScheme.get().mode} ${currentScheme.get().name}`))
  setCodeColors({ dark: 'nord' })
  expect(codeColors.get()).toEqual({ light: 'ink', dark: 'nord' })
  setTheme('dark')
  setCodeColors({ light: 'github' })
  setTheme('light')
  expect(seen).toEqual(['dark nord', 'light github'])
})
