import { useEffect, useRef } from 'react'
import { currentPlace, go } from '../app/location'
import { useStore } from '../lib/store'
import { tell } from '../ui/toasts'
import { useWorkspace } from '../workspace/context'
import { whereabouts } from './following'

/** Takes the page to the file in which the person is that one follows; until they leave, or one goes elsewhere. */
export function useFollowing(document: string | null): void {
  const { id, tree, following, members } = useWorkspace()
  const user = useStore(following.user)
  const present = useStore(tree.presence)
  const { nodes } = useStore(tree.tree)
  const last = useRef<string | null>(null)

  useEffect(() => {
    if (user === null) {
      last.current = null
      return
    }
    const where = whereabouts(present, user, last.current)
    if (where === undefined) {
      following.stop()
      const name = members.get().find((member) => member.id === user)?.name ?? 'Whom you followed'
      tell(`${name} is not here any more`)
    } else if (where !== null && where !== last.current) {
      last.current = where
      const path = nodes.get(where)?.path
      if (path !== undefined && where !== document) go({ at: 'workspace', workspace: id, path })
    }
  }, [user, present, nodes, document, id, following, members])

  // Whoever opens another file goes a way of their own.
  useEffect(() => {
    if (user === null) return undefined
    return currentPlace.subscribe(() => {
      const place = currentPlace.get()
      const path = last.current === null ? undefined : tree.tree.get().nodes.get(last.current)?.path
      if (path !== undefined && !(place.at === 'workspace' && place.path === path)) following.stop()
    })
  }, [user, tree, following])
}
