import { baseName, parentPath } from '../lib/paths'

/**
 * What tells files of one name apart: of each path as much of its folder as is needed, "" where the name alone does.
 * In the order of `paths`, which are all different.
 */
export function folderHints(paths: readonly string[]): string[] {
  return paths.map((path) => {
    const namesakes = paths.filter((other) => other !== path && baseName(other) === baseName(path))
    if (namesakes.length === 0) return ''
    const folder = parentPath(path)
    const segments = folder.split('/')
    for (let count = 1; count < segments.length; count += 1) {
      const hint = segments.slice(-count).join('/')
      const alike = (other: string) => `/${parentPath(other)}`.endsWith(`/${hint}`)
      if (!namesakes.some(alike)) return hint
    }
    return folder === '' ? '/' : folder
  })
}
