import { encodePath } from '../lib/paths'

/** What the address bar names: `/`, `/w/<workspace>/<path of a file>` or `/figures/<workspace>`. */
export type Place =
  | { at: 'home' }
  | { at: 'workspace'; workspace: string; path: string }
  // Not below `/w/<workspace>`, where a file may have any name.
  | { at: 'figures'; workspace: string }

export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

export function readPlace(pathname: string): Place {
  const [, first, workspace, ...path] = pathname.split('/')
  if (first === 'figures' && workspace) return { at: 'figures', workspace: decodeSegment(workspace) }
  if (first !== 'w' || !workspace) return { at: 'home' }
  return {
    at: 'workspace',
    workspace: decodeSegment(workspace),
    path: path.filter(Boolean).map(decodeSegment).join('/'),
  }
}

export function writePlace(place: Place): string {
  if (place.at === 'home') return '/'
  if (place.at === 'figures') return `/figures/${encodeURIComponent(place.workspace)}`
  const root = `/w/${encodeURIComponent(place.workspace)}`
  return place.path === '' ? root : `${root}/${encodePath(place.path)}`
}
