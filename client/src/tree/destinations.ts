import { parentPath } from '../lib/paths'
import type { TreeNode } from './rules'

const inside = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)

/** Paths of the folders into which `moved` can go, "" for the workspace: not where all of them are, nor into themselves. */
export function foldersFor(moved: readonly TreeNode[], all: Iterable<TreeNode>): string[] {
  const folders = [...all].filter(({ kind }) => kind === 'folder').map(({ path }) => path)
  return ['', ...folders.sort((a, b) => a.localeCompare(b))].filter(
    (path) =>
      !moved.every((node) => parentPath(node.path) === path) &&
      !moved.some((node) => node.kind === 'folder' && inside(path, node.path)),
  )
}
