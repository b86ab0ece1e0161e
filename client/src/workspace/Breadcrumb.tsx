import { PlaceLink } from '../app/PlaceLink'
import { useStore } from '../lib/store'
import { useWorkspace } from './context'

export function Breadcrumb({ path }: { path: string }) {
  const { summary } = useWorkspace()
  const { id, name } = useStore(summary)
  const segments = path === '' ? [] : path.split('/')
  return (
    <nav className="breadcrumb" aria-label="Where you are">
      <ol>
        <li className="breadcrumb-root">
          <PlaceLink place={{ at: 'workspace', workspace: id, path: '' }}>{name}</PlaceLink>
        </li>
        {segments.map((segment, index) => (
          // A path may hold the same name twice, and its segments never change places.
          <li key={`${index}:${segment}`} aria-current={index === segments.length - 1 ? 'page' : undefined}>
            <bdi>{segment}</bdi>
          </li>
        ))}
      </ol>
    </nav>
  )
}
