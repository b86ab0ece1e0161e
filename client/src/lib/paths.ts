/** Paths are as the server gives them: segments joined by "/", without a leading slash; "" is the workspace itself. */

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function parentPath(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

export function joinPath(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`
}

export function extension(path: string): string {
  const name = baseName(path)
  const dot = name.lastIndexOf('.')
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase()
}

export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}

/**
 * Where a relative reference inside a file leads, or null when it leaves the workspace.
 * "/notes.md" counts from the workspace, everything else from the folder of `from`.
 */
export function resolvePath(from: string, reference: string): string | null {
  const segments = reference.startsWith('/') ? [] : parentPath(from).split('/').filter(Boolean)
  for (const segment of reference.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') {
      if (segments.pop() === undefined) return null
    } else segments.push(segment)
  }
  return segments.join('/')
}
