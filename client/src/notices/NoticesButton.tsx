import { Bell } from 'lucide-react'
import { writtenKey } from '../actions/catalogue'
import { plural } from '../lib/format'
import { IconButton } from '../ui/Button'
import type { Panel } from '../workspace/Shell'

interface NoticesButtonProps {
  news: number
  pressed: boolean
  onPanel: (panel: Panel) => void
}

/** The bell: opens what the assistant has noticed, and says how much of it is new. */
export const NoticesButton = ({ news, pressed, onPanel }: NoticesButtonProps) => (
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
