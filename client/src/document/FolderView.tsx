import { PlaceLink } from '../app/PlaceLink'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { FileIcon } from '../tree/FileIcon'
import { sortedChildren } from '../tree/order'
import type { TreeNode } from '../tree/rules'
import { useWorkspace } from '../workspace/context'

export function FolderView({ folder }: { folder: TreeNode }) {
  const { id, tree } = useWorkspace()
  const children = sortedChildren(useStore(tree.tree), folder.id)
  return (
    <section className="folder">
      <h1>{folder.name}</h1>
      <p>{children.length === 0 ? 'This folder is empty.' : plural(children.length, 'entry', 'entries')}</p>
      <ul>
        {children.map((node) => (
          <li key={node.id}>
            <PlaceLink place={{ at: 'workspace', workspace: id, path: node.path }}>
              <FileIcon node={node} />
              <bdi>{node.name}</bdi>
            </PlaceLink>
          </li>
        ))}
      </ul>
    </section>
  )
}
