import { describe, expect, test } from 'vitest'
import { bestPaths, entry, fold, rank, searchable } from './fuzzy'

const files = searchable([
  'README.md',
  'exhibition/opening night.md',
  'exhibition/rooms.md',
  'website/tickets.py',
  'website/rooms/index.html',
  'src/a_long_module_name.ts',
  'src/FilesPanel.tsx',
  'src/profile.ts',
  'Übersicht/Größen.csv',
])
const best = (query: string) => bestPaths(files, query, 8)[0]

/** The text of the best one, with what was found in brackets. */
function marked(query: string, paths = files): string | undefined {
  const [found] = rank(paths, query, 1).found
  const text = found === undefined ? undefined : paths[found.at]?.text
  return (
    text &&
    Array.from(text, (sign, at) => (found?.marks.includes(at) ? `[${sign}]` : sign))
      .join('')
      .replaceAll('][', '')
  )
}

describe('what comes first', () => {
  test('what fits the name comes before what fits the folder', () => {
    expect(best('rooms')).toBe('exhibition/rooms.md')
    expect(best('ROOM')).toBe('exhibition/rooms.md')
    expect(best('tick')).toBe('website/tickets.py')
    expect(bestPaths(searchable(['test/a.md', 'x/t_e_s_t.md']), 'test', 2)[0]).toBe('x/t_e_s_t.md')
  })

  test('letters that follow one another come before letters here and there', () => {
    expect(bestPaths(searchable(['catalogue.md', 'actual.md', 'cut.md']), 'at', 1)).toEqual(['catalogue.md'])
    expect(bestPaths(searchable(['r_o_o_m_s', 'our-rooms.md']), 'rooms', 1)).toEqual(['our-rooms.md'])
  })

  test('beginnings of words, and of parts of a word, come before the middles of words', () => {
    expect(best('fp')).toBe('src/FilesPanel.tsx')
    expect(best('almn')).toBe('src/a_long_module_name.ts')
    expect(bestPaths(searchable(['abandon.md', 'my-notes.md']), 'n', 1)).toEqual(['my-notes.md'])
    expect(bestPaths(searchable(['my-notes.md', 'notes-on-a-long-day.md']), 'notes', 1)).toEqual([
      'notes-on-a-long-day.md',
    ])
  })

  test('of what fits equally well the shorter comes first, and then what is given first', () => {
    expect(bestPaths(searchable(['a/index.ts', 'index.ts', 'index.tsx']), 'index', 3)).toEqual([
      'index.ts',
      'index.tsx',
      'a/index.ts',
    ])
    expect(bestPaths(searchable(['b/x.md', 'a/x.md']), 'x', 2)).toEqual(['b/x.md', 'a/x.md'])
  })
})

test('letters in order are enough, also of several words', () => {
  expect(best('opni')).toBe('exhibition/opening night.md')
  expect(best('opening night')).toBe('exhibition/opening night.md')
  expect(best('web/index')).toBe('website/rooms/index.html')
  expect(bestPaths(files, 'xyz', 8)).toEqual([])
  expect(bestPaths(files, 'smoor', 8)).toEqual([])
})

test('accents need not be typed, and may be', () => {
  for (const query of ['großen', 'Größen', 'Gro\u0308ßen', 'uber']) expect(best(query)).toBe('Übersicht/Größen.csv')
  for (const text of ['İstanbul', 'ﬁle', '한국', 'a😀É']) expect(fold(text)).toHaveLength(text.length)
  expect(fold('a😀É')).toBe('a😀e')
})

test('the letters that were found are those of the best way', () => {
  expect(marked('rooms')).toBe('exhibition/[rooms].md')
  expect(marked('almn')).toBe('src/[a]_[l]ong_[m]odule_[n]ame.ts')
  expect(marked('fipa')).toBe('src/[Fi]les[Pa]nel.tsx')
  expect(marked('webin')).toBe('[web]site/rooms/[in]dex.html')
  expect(marked('bab', searchable(['b_a_bab.md']))).toBe('b_a_[bab].md')
  expect(marked('')).toBe('README.md')
})

test('without letters all files are there, the shortest first, and never more than asked for', () => {
  expect(bestPaths(files, '', 2)).toEqual(['README.md', 'src/profile.ts'])
})

test('a text with a name of its own is found by what stands around it, after those found by their name', () => {
  const titles = [entry('Delete: trash', [0, 6]), entry('Trash', [0, 5])]
  expect(rank(titles, 'tra', 5).found.map(({ at }) => at)).toEqual([1, 0])
})

test('queries and paths of any length are searched', () => {
  const long = `${'a'.repeat(450)}/${'a'.repeat(449)}`
  expect(bestPaths(searchable([long]), 'a'.repeat(5000), 1)).toEqual([long])
})

describe('20,000 files', () => {
  const folders = ['src', 'components', 'server', 'tests', 'a-long-name-of-a-folder', 'notes', 'data']
  const words = ['index', 'aggregate', 'README', 'user_profile', 'sessionStore', 'table', 'figure-final']
  const many = searchable(
    Array.from({ length: 20_000 }, (_, nth) => {
      const pick = (from: string[], step: number) => from[Math.floor(nth / step) % from.length] ?? ''
      return `${pick(folders, 1)}/${pick(folders, 7)}/${pick(folders, 49)}/${pick(words, 3)}_${nth}.ts`
    }),
  )

  test('the best fifty come, and all that fit are counted', () => {
    expect(rank(many, '', 50).found).toHaveLength(50)
    expect(rank(many, '', 50).count).toBe(20_000)
    const { found, count } = rank(many, 'index19', 50)
    expect(count).toBeGreaterThan(50)
    expect(found).toHaveLength(50)
    expect(many[found[0]?.at ?? 0]?.text).toContain('index_19')
  })

  test('each key takes a moment that nobody notices, even with letters that are everywhere', () => {
    const times = ['e', 'ee', 'eeee', 'serets', 'srccompinde', 'aeaeaeaeaeae', 'index_1', 'a long name of a folder']
      .map((query) => {
        const began = performance.now()
        rank(many, query, 50)
        return performance.now() - began
      })
      .sort((a, b) => a - b)
    // Not the longest, for this machine may be busy with something else.
    expect(times[5]).toBeLessThan(100)
  })
})
