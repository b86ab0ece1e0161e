import { useStore } from '../lib/store'
import { useWorkspace } from '../workspace/context'

/** The colour that the server gave a person; grey for one who has left the workspace. */
export function useColorOf(user: string): string {
  const { me, members } = useWorkspace()
  const member = useStore(members).find(({ id }) => id === user)
  return member?.color ?? (user === me.id ? me.color : '#6b6459')
}
