import { encodePath } from '../lib/paths'

/** What the address bar names: `/` or `/w/<workspace>/<path of a file>`. */
export type Place = { at: 'home' } | { at: 'workspace'; workspace: string; path: string }

export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

export function readPlace(pathname: string): Place {
  const [, first, workspace, ...path] = pathname.split('/')
  if (first !== 'w' || !workspace) return { at: 'home' }
  return {
    at: 'workspace',
    workspace: decodeSegment(workspace),
    path: path.filter(Boolean).map(decodeSegment).join('/'),
  }
}

export function writePlace(place: Place): string {
  if (place.at === 'home') return '/'
  const root = `/w/${encodeURIComponent(place.workspace)}`
  return place.path === '' ? root : `${root}/${encodePath(place.path)}`
}
