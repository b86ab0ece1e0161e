import { PlaceLink } from '../app/PlaceLink'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { FileIcon } from '../tree/FileIcon'
import { sortedChildren } from '../tree/order'
import type { TreeNode } from '../tree/rules'
import { useWorkspace } from '../workspace/context'

/** What is in a folder; null is the workspace itself. */
export function EntryList({ folder }: { folder: string | null }) {
  const { id, tree } = useWorkspace()
  return (
    <ul className="entries">
      {sortedChildren(useStore(tree.tree), folder).map((node) => (
        <li key={node.id}>
          <PlaceLink place={{ at: 'workspace', workspace: id, path: node.path }}>
            <FileIcon node={node} />
            <bdi>{node.name}</bdi>
          </PlaceLink>
        </li>
      ))}
    </ul>
  )
}

export function FolderView({ folder }: { folder: TreeNode }) {
  const { tree } = useWorkspace()
  const count = useStore(tree.tree).children.get(folder.id)?.length ?? 0
  return (
    <section className="folder">
      <h1>{folder.name}</h1>
      <p>{count === 0 ? 'This folder is empty.' : plural(count, 'entry', 'entries')}</p>
      {count === 0 ? null : <EntryList folder={folder.id} />}
    </section>
  )
}
