import { useState } from 'react'
import type { Member, Role } from '../api/types'
import { PlaceLink } from '../app/PlaceLink'
import { baseName } from '../lib/paths'
import { useStore } from '../lib/store'
import type { Presence } from '../tree/presence'
import { Avatar } from '../ui/Avatar'
import { Button } from '../ui/Button'
import { Confirm } from '../ui/Confirm'
import { Menu, MenuChoice, MenuItem, MenuSeparator } from '../ui/Menu'
import { attempt } from '../ui/toasts'
import { useRole, useWorkspace } from '../workspace/context'
import { roles } from './roles'

interface MemberRowProps {
  member: Member
  isMe: boolean
  /** A page that this person has open; undefined for none, and for oneself. */
  presence: Presence | undefined
}

function Whereabouts({ presence }: { presence: Presence }) {
  const { tree, id } = useWorkspace()
  const node = useStore(tree.tree).nodes.get(presence.document ?? '')
  if (node === undefined) return <span className="person-where">here now</span>
  return (
    <span className="person-where">
      in <PlaceLink place={{ at: 'workspace', workspace: id, path: node.path }}>{baseName(node.path)}</PlaceLink>
    </span>
  )
}

function Follow({ user, name }: { user: string; name: string }) {
  const { following } = useWorkspace()
  const followed = useStore(following.user) === user
  return (
    <Button
      small
      look="quiet"
      aria-label={followed ? `Stop following ${name}` : `Follow ${name}`}
      onClick={() => following.toggle(user)}
    >
      {followed ? 'Stop' : 'Follow'}
    </Button>
  )
}

export function MemberRow({ member, isMe, presence }: MemberRowProps) {
  const { api } = useWorkspace()
  const { isOwner } = useRole()
  const [removing, setRemoving] = useState(false)
  const changeRole = (role: Role) =>
    void attempt(`The role of ${member.name} was not changed`, () => api.setRole(member.id, role))
  return (
    <li className="person">
      <Avatar name={member.name} color={member.color} away={!isMe && presence === undefined} />
      <span className="person-name">
        {member.name}
        {isMe ? ' (you)' : ''}
        {presence === undefined ? null : <Whereabouts presence={presence} />}
      </span>
      {presence === undefined ? null : <Follow user={member.id} name={member.name} />}
      {isOwner || isMe ? (
        <Menu
          trigger={
            <button
              type="button"
              className="role-button"
              aria-label={isOwner ? `${member.name} is ${member.role}: change` : `You are ${member.role}: leave`}
            >
              {member.role}
            </button>
          }
        >
          {isOwner ? (
            <>
              <MenuChoice value={member.role} choices={roles} onChange={changeRole} />
              <MenuSeparator />
            </>
          ) : null}
          <MenuItem danger onSelect={() => setRemoving(true)}>
            {isMe ? 'Leave this workspace…' : 'Remove…'}
          </MenuItem>
        </Menu>
      ) : (
        <span className="role">{member.role}</span>
      )}
      {removing ? (
        <Confirm
          title={isMe ? 'Leave this workspace?' : `Remove ${member.name}?`}
          description={
            isMe
              ? 'You lose access at once. An owner can invite you again.'
              : `${member.name} loses access within two seconds, wherever it is open. What was written stays.`
          }
          action={isMe ? 'Leave' : 'Remove'}
          onConfirm={() => void attempt(`${member.name} was not removed`, () => api.removeMember(member.id))}
          onClose={() => setRemoving(false)}
        />
      ) : null}
    </li>
  )
}
