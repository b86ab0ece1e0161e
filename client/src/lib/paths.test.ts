import { describe, expect, test } from 'vitest'
import { encodePath, extension, parentPath, resolvePath } from './paths'

describe('paths', () => {
  test('a name of dots or a hidden file has no extension', () => {
    expect(extension('a/b.TS')).toBe('ts')
    expect(extension('.gitignore')).toBe('')
    expect(extension('Makefile')).toBe('')
    expect(parentPath('a/b/c')).toBe('a/b')
  })

  test('every segment is escaped, the slashes are kept', () => {
    expect(encodePath('a b/c#d/é%.md')).toBe('a%20b/c%23d/%C3%A9%25.md')
  })

  test('references resolve inside the workspace or not at all', () => {
    expect(resolvePath('docs/a.md', 'b.md')).toBe('docs/b.md')
    expect(resolvePath('docs/a.md', '../img/x.png')).toBe('img/x.png')
    expect(resolvePath('docs/a.md', '/x.md')).toBe('x.md')
    expect(resolvePath('a.md', '../../etc/passwd')).toBeNull()
  })
})
