import { expect, test } from 'vitest'
import {
  applied,
  editsOf,
  mergedRecipes,
  noNotices,
  noSettings,
  noticeNames,
  type Notices,
  type OwnRecipe,
  readAssistantFile,
  type Recipes,
  type Settings,
} from './assistantFile'

const good = `# Agreed on in May.
endpoint: house   # our own machine
temperature: 0.3

# How we write.
system_instruction: |
  We write British English.
  Always.
recipes:
  Fix: hidden   # too eager
  Haiku:
    kind: edit
    # a colleague's idea
    instruction: Make it "a haiku" about {a season}.
# the end
`

function changed(text: string, settings: Partial<Settings>, ...more: [(Recipes | null)?, Partial<Notices>?]): string {
  const edits = editsOf(text, settings, more[0] ?? null, more[1])
  if (edits === null) throw new Error('the text cannot be read')
  return applied(text, edits)
}

test('a file is read as it is written', () => {
  const file = readAssistantFile(good)
  expect(file?.settings).toEqual({
    ...noSettings,
    endpoint: 'house',
    temperature: '0.3',
    system_instruction: 'We write British English.\nAlways.\n',
  })
  expect([...(file?.recipes ?? [])]).toEqual([
    ['Fix', 'hidden'],
    ['Haiku', { kind: 'edit', instruction: 'Make it "a haiku" about {a season}.' }],
  ])
  for (const empty of ['', '# nothing\n', '---\n'])
    expect(readAssistantFile(empty)).toEqual({ settings: noSettings, recipes: new Map(), notices: noNotices })
  for (const unreadable of ['a: [', '- a\n', 'some words\n', 'a: b: c\n'])
    expect(readAssistantFile(unreadable)).toBeNull()
})

test('a setting changes in its place, and nothing else does', () => {
  expect(changed(good, { endpoint: 'cloud' })).toBe(good.replace('house', 'cloud'))
  expect(changed(good, { temperature: '0.7' })).toBe(good.replace('0.3', '0.7'))
  expect(changed(good, { system_instruction: 'Be brief.' })).toBe(
    good.replace('|\n  We write British English.\n  Always.\n', 'Be brief.\n'),
  )
  expect(changed(good, { temperature: '0.3' })).toBe(good)
  expect(editsOf(good, { endpoint: 'cloud', temperature: '0.7' }, null)).toHaveLength(2)
})

test('a new setting gets a line of its own where it usually stands', () => {
  expect(changed(good, { model: 'small' })).toBe(
    good.replace('# our own machine\n', '# our own machine\nmodel: small\n'),
  )
  expect(changed(good, { max_tokens: '500' })).toBe(good.replace('0.3\n', '0.3\nmax_tokens: 500\n'))
  expect(changed('', { model: 'a: b', temperature: '1' })).toBe('model: "a: b"\ntemperature: 1\n')
  expect(changed('# ours\n', { model: 'small' })).toBe('# ours\nmodel: small\n')
  expect(changed('# ours\ntop_p: 1', { model: 'small', top_k: '3' })).toBe('# ours\nmodel: small\ntop_p: 1\ntop_k: 3\n')
})

test('what it says unasked stands in a section of its own, comments and all', () => {
  const notices = (text: string, notices: Partial<Notices>) => changed(text, {}, null, notices)
  expect(notices(good, { faults: 'off' })).toBe(good.replace('# the end\n', 'notices:\n  faults: off\n# the end\n'))
  expect(notices('model: small', { quiet_hours: '18:00-08:30', time_zone: 'Europe/Berlin' })).toBe(
    'model: small\nnotices:\n  quiet_hours: 18:00-08:30\n  time_zone: Europe/Berlin\n',
  )
  const chosen = 'notices:\n  faults: off # too many\n  most_per_hour: 3\nmodel: small\n'
  expect(readAssistantFile(chosen)?.notices).toEqual({ ...noNotices, faults: 'off', most_per_hour: '3' })
  expect(notices(chosen, { most_per_hour: '4' })).toBe(chosen.replace('3', '4'))
  expect(notices(chosen, { most_per_hour: '' })).toBe(chosen.replace('  most_per_hour: 3\n', ''))
  expect(notices(chosen, { most_per_hour: '', faults: '' })).toBe('model: small\n')
  expect(notices(chosen, { faults: 'off' })).toBe(chosen)
  expect(notices('notices: {faults: off}\n', { broken: 'no' })).toBe('notices:\n  faults: off\n  broken: no\n')
  expect(notices('notices:\n', { broken: 'off' })).toBe('notices:\n  broken: off\n')
})

test('a setting that is cleared goes with its line', () => {
  expect(changed(good, { endpoint: '' })).toBe(good.replace('endpoint: house   # our own machine\n', ''))
  expect(readAssistantFile(changed(good, { system_instruction: '' }))?.settings.system_instruction).toBe('')
  expect(changed('model: small', { model: '' })).toBe('')
})

test('a setting that is left empty is filled in', () => {
  expect(changed('temperature:\nmodel: small\n', { temperature: '1' })).toBe('temperature: 1\nmodel: small\n')
})

test('a bad value can be mended', () => {
  expect(changed(good.replace('0.3', 'warm'), { temperature: '0.3' })).toBe(good)
})

test('recipes come and go, and the comments of the others stay', () => {
  const recipes = new Map(readAssistantFile(good)?.recipes)
  recipes.delete('Fix')
  recipes.set('Legal', { kind: 'chat', instruction: 'Is this legal?\nSay why: in {language}.' })
  const after = changed(good, {}, recipes)
  expect(after).toContain("# a colleague's idea")
  expect(after).toContain('# the end')
  expect(after).not.toContain('too eager')
  expect(after.startsWith(good.slice(0, good.indexOf('recipes:')))).toBe(true)
  expect(readAssistantFile(after)?.recipes).toEqual(recipes)
  expect(readAssistantFile(changed(good, {}, new Map()))?.recipes.size).toBe(0)
  expect(changed('model: small\n', {}, new Map([['Fix', 'hidden']]))).toBe('model: small\nrecipes:\n  Fix: hidden\n')
})

test('a file in braces can be changed, too', () => {
  expect(readAssistantFile(changed('{model: small, top_p: 1}\n', { model: '', temperature: '0.5' }))?.settings).toEqual(
    {
      ...noSettings,
      top_p: '1',
      temperature: '0.5',
    },
  )
})

test('two people who change recipes at once both get what they wanted', () => {
  const recipe = (instruction: string) => ({ kind: 'edit' as const, instruction })
  const base = new Map([
    ['A', recipe('a')],
    ['B', recipe('b')],
    ['C', recipe('c')],
  ])
  const mine = new Map<string, OwnRecipe | 'hidden'>([
    ['A', recipe('mine')],
    ['B', recipe('b')],
    ['New', recipe('n')],
  ])
  const theirs = new Map<string, OwnRecipe | 'hidden'>([
    ['A', recipe('theirs')],
    ['C', recipe('c')],
    ['Fix', 'hidden'],
  ])
  expect([...mergedRecipes(base, mine, theirs)]).toEqual([
    ['A', recipe('mine')],
    ['New', recipe('n')],
    ['Fix', 'hidden'],
  ])
  expect(mergedRecipes(base, base, theirs)).toEqual(theirs)
  expect(mergedRecipes(base, mine, base)).toEqual(mine)
})

test('what cannot be read is not touched', () => {
  expect(editsOf('a: [', { model: 'small' }, null)).toBeNull()
})

/** A small generator that is the same every time (mulberry32). */
function dice(seed: number) {
  let state = seed
  return (sides: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % sides
  }
}

test('whatever is set is read back, and comments survive', () => {
  const values = [
    '',
    '0.5',
    'small',
    'a: b',
    '# x',
    '"quoted"',
    "it's",
    '{a} [b]',
    '- x',
    'two\nlines',
    ' x',
    'é 😀',
    '1e3',
  ]
  const texts = [
    good,
    '',
    '# only a comment\n',
    'model: x  # kept\n\ntop_p: 0.5\n',
    'recipes:\n  A: {kind: chat, instruction: b}\n',
    'notices: {faults: off, most_per_hour: 3}\nrecipes:\n  A: hidden\n',
  ]
  const names = ['Fix', 'A', 'a: b', '"q"', 'Über']
  for (let seed = 0; seed < 400; seed += 1) {
    const roll = dice(seed)
    const text = texts[roll(texts.length)] ?? ''
    const before = readAssistantFile(text)
    const wanted: Partial<Settings> = {}
    for (const name of Object.keys(noSettings) as (keyof Settings)[])
      if (roll(2) === 0) wanted[name] = values[roll(values.length)] ?? ''
    const recipes = new Map<string, OwnRecipe | 'hidden'>(before?.recipes)
    const name = names[roll(names.length)] ?? ''
    if (roll(3) === 0) recipes.delete(name)
    else
      recipes.set(
        name,
        roll(2) === 0 ? 'hidden' : { kind: 'write', instruction: values[1 + roll(values.length - 1)] ?? '' },
      )
    const notices: Partial<Notices> = {}
    for (const name of noticeNames) if (roll(3) === 0) notices[name] = ['', 'off', '18:00-08:30'][roll(3)] ?? ''
    const after = readAssistantFile(changed(text, wanted, recipes, notices))
    for (const key of Object.keys(noSettings) as (keyof Settings)[])
      expect(after?.settings[key].trim(), `seed ${seed}`).toBe((wanted[key] ?? before?.settings[key] ?? '').trim())
    expect(after?.recipes, `seed ${seed}`).toEqual(recipes)
    expect(after?.notices, `seed ${seed}`).toEqual({ ...before?.notices, ...notices })
    if (text.includes('only a comment')) expect(changed(text, wanted, recipes)).toContain('# only a comment')
  }
})
