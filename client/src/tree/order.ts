import type { Tree, TreeNode } from './rules'

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

const rank = (node: TreeNode) => (node.kind === 'folder' ? 0 : 1)

/** As people look for things: folders first, then by name, with "2" before "10". */
export function sortedChildren(tree: Tree, folder: string | null): TreeNode[] {
  const children = tree.children.get(folder) ?? []
  return [...children].sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name) || (a.id < b.id ? -1 : 1))
}

const known = new WeakMap<Tree, Map<string | null, string[]>>()

/** The ids of `sortedChildren`; a tree never changes, so each folder of it is sorted once. */
export function sortedIds(tree: Tree, folder: string | null): string[] {
  const folders = known.get(tree) ?? new Map<string | null, string[]>()
  known.set(tree, folders)
  const ids = folders.get(folder) ?? sortedChildren(tree, folder).map((node) => node.id)
  folders.set(folder, ids)
  return ids
}

/** The ids of the folders around a node, the outermost first. */
export function ancestors(tree: Tree, id: string): string[] {
  const found: string[] = []
  for (let at = tree.nodes.get(id)?.parent; at; at = tree.nodes.get(at)?.parent) found.unshift(at)
  return found
}
