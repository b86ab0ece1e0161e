import type { TreeNode } from '../tree/rules'

/** Without what goes along with a folder that is among them, too. */
export function topmost(nodes: readonly TreeNode[]): TreeNode[] {
  const folders = nodes.filter(({ kind }) => kind === 'folder').map(({ path }) => `${path}/`)
  return nodes.filter(({ path }) => !folders.some((folder) => path.startsWith(folder)))
}
