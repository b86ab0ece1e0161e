import { useStore } from '../lib/store'
import { AssistantAvatar } from '../ui/Avatar'
import { Hint } from '../ui/Button'
import { useWorkspace } from './context'

/** The assistant among those who are here, while it writes for somebody. */
export function AssistantAtWork({ onOpen }: { onOpen: () => void }) {
  const { byId } = useStore(useWorkspace().suggestions.state)
  const working = [...byId.values()].find((suggestion) => suggestion.state === 'streaming')
  if (working === undefined) return null
  const label = `The assistant writes for ${working.requested_by.name}`
  return (
    <Hint label={label}>
      <button type="button" className="present-person" aria-label={label} onClick={onOpen}>
        <AssistantAvatar />
      </button>
    </Hint>
  )
}
