import type { Role } from '../api/types'

export const roles: readonly (readonly [Role, string])[] = [
  ['owner', 'Owner: manages people and settings'],
  ['editor', 'Editor: edits, asks and decides'],
  ['viewer', 'Viewer: reads'],
]
