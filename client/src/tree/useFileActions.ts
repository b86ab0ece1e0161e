import { useMemo } from 'react'
import { go } from '../app/location'
import { joinPath, parentPath } from '../lib/paths'
import { goOnIn } from '../tabs/goOn'
import { besideOf, openIn } from '../tabs/layout'
import { tellDeleted } from '../trash/deleting'
import { topmost } from '../trash/topmost'
import { attempt, tell } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { nameProblem, type TreeNode } from './rules'

export interface FileActions {
  open: (node: TreeNode) => void
  /** Opens it to stay, not only until the next one is looked at. */
  keep: (node: TreeNode) => void
  /** In the other half, which is made if there is none. */
  openBeside: (node: TreeNode) => void
  create: (folder: string, name: string, kind: 'text' | 'folder') => Promise<void>
  rename: (node: TreeNode, name: string) => Promise<void>
  /** Into the folder at this path; "" is the workspace itself. */
  move: (nodes: readonly TreeNode[], folder: string) => Promise<void>
  remove: (nodes: readonly TreeNode[]) => Promise<void>
}

/** Changes to the tree. They go over HTTP, and come back to everybody through the shared tree document. */
export function useFileActions(): FileActions {
  const { api, tree, tabs } = useWorkspace()
  return useMemo(() => {
    const open = (node: TreeNode) => go({ at: 'workspace', workspace: api.id, path: node.path })

    const allowed = (name: string, path: string): boolean => {
      const problem = nameProblem(name)
      const taken = tree.tree.get().byPath.has(path)
      if (problem !== null) tell('This name cannot be used', problem)
      else if (taken) tell('This name is taken', `There is already “${path}”.`)
      return problem === null && !taken
    }

    return {
      open,
      keep: (node) => (node.kind === 'folder' ? undefined : tabs.openKept(node.path)),
      openBeside(node) {
        if (node.kind === 'folder') return
        tabs.change((layout) => openIn(layout, node, besideOf(layout)), true)
        goOnIn(tabs.layout.get())
      },
      async create(folder, name, kind) {
        const path = joinPath(folder, name.normalize('NFC'))
        if (!allowed(name, path)) return
        if (kind === 'folder') await attempt('The folder was not created', () => api.makeFolder(path))
        else if (await attempt('The file was not created', () => api.writeFile(path, ''))) {
          tabs.openKept(path)
        }
      },
      async rename(node, name) {
        const path = joinPath(parentPath(node.path), name.normalize('NFC'))
        if (path === node.path || !allowed(name, path)) return
        await attempt(`“${node.name}” was not renamed`, () => api.move(node.path, path))
      },
      async move(nodes, folder) {
        for (const node of topmost(nodes)) {
          const path = joinPath(folder, node.name)
          if (path !== node.path) await attempt(`“${node.name}” was not moved`, () => api.move(node.path, path))
        }
      },
      async remove(nodes) {
        const gone: TreeNode[] = []
        for (const node of topmost(nodes)) {
          const request = node.kind === 'folder' ? api.deleteFolder : api.deleteFile
          if (await attempt(`“${node.name}” was not deleted`, () => request(node.path))) gone.push(node)
        }
        tellDeleted(api.id, gone)
      },
    }
  }, [api, tree, tabs])
}
