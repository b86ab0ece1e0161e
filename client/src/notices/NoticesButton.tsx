import { Bell } from 'lucide-react'
import { writtenKey } from '../actions/catalogue'
import { plural } from '../lib/format'
import { useStore } from '../lib/store'
import { IconButton } from '../ui/Button'
import { useWorkspace } from '../workspace/context'
import type { Panel } from '../workspace/Shell'
import { unread, waiting } from './notices'

/** The bell: opens what the assistant has noticed, and says how much of it is new. */
export function NoticesButton({ pressed, onPanel }: { pressed: boolean; onPanel: (panel: Panel) => void }) {
  const { me, notices, tree } = useWorkspace()
  const { nodes } = useStore(tree.tree)
  const open = waiting(useStore(notices.state), (document) => nodes.has(document))
  const news = unread(open, me.id).length
  return (
    <IconButton
      label={news === 0 ? 'Notices of the assistant' : `Notices of the assistant: ${plural(news, 'new one')}`}
      keys={writtenKey('show.notices')}
      data-count={news === 0 ? undefined : news}
      aria-pressed={pressed}
      onClick={() => onPanel('notices')}
    >
      <Bell />
    </IconButton>
  )
}
