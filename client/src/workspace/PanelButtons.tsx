import { Clock, Ellipsis, MessageSquareText, UsersRound } from 'lucide-react'
import { writtenKey } from '../actions/catalogue'
import { CommentsButton } from '../comments/CommentsButton'
import { openIn } from '../comments/threads'
import { useNarrow } from '../lib/hooks'
import { useStore } from '../lib/store'
import { NoticesButton } from '../notices/NoticesButton'
import { useNews } from '../notices/useNews'
import { IconButton } from '../ui/Button'
import { Menu, MenuItem } from '../ui/Menu'
import { useWorkspace } from './context'
import type { Panel } from './Shell'

interface PanelButtonsProps {
  /** The text that is open. */
  document: string | null
  panel: Panel | null
  onPanel: (panel: Panel) => void
}

/** One button for each panel; on a phone those that wait least for an answer are in a menu. */
export function PanelButtons({ document, panel, onPanel }: PanelButtonsProps) {
  const narrow = useNarrow()
  const notices = useNews()
  return (
    <>
      <ChatButton pressed={panel === 'chat'} onPanel={onPanel} />
      {narrow ? null : (
        <>
          <CommentsButton document={document} pressed={panel === 'comments'} onPanel={onPanel} />
          <IconButton
            label="History"
            keys={writtenKey('show.history')}
            aria-pressed={panel === 'history'}
            onClick={() => onPanel('history')}
          >
            <Clock />
          </IconButton>
        </>
      )}
      {narrow && notices === 0 ? null : (
        <NoticesButton news={notices} pressed={panel === 'notices'} onPanel={onPanel} />
      )}
      {narrow ? (
        <MorePanels document={document} onPanel={onPanel} />
      ) : (
        <IconButton label="People" aria-pressed={panel === 'people'} onClick={() => onPanel('people')}>
          <UsersRound />
        </IconButton>
      )}
    </>
  )
}

function ChatButton({ pressed, onPanel }: { pressed: boolean; onPanel: (panel: Panel) => void }) {
  const news = useStore(useWorkspace().chat.unread).size > 0
  return (
    <IconButton
      label={news ? 'Conversations with the assistant: something new' : 'Conversations with the assistant'}
      keys={writtenKey('show.chat')}
      data-news={news || undefined}
      aria-pressed={pressed}
      onClick={() => onPanel('chat')}
    >
      <MessageSquareText />
    </IconButton>
  )
}

function MorePanels({ document, onPanel }: Omit<PanelButtonsProps, 'panel'>) {
  const comments = openIn(useStore(useWorkspace().comments.threads), document)
  return (
    <Menu
      trigger={
        <button type="button" className="icon-button" aria-label="More" data-count={comments || undefined}>
          <Ellipsis />
        </button>
      }
    >
      <MenuItem onSelect={() => onPanel('comments')}>{comments === 0 ? 'Comments' : `Comments (${comments})`}</MenuItem>
      <MenuItem onSelect={() => onPanel('history')}>History</MenuItem>
      <MenuItem onSelect={() => onPanel('notices')}>Notices of the assistant</MenuItem>
      <MenuItem onSelect={() => onPanel('people')}>People</MenuItem>
    </Menu>
  )
}
