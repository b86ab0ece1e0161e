import type { Version } from '../api/history'
import { formatFull } from '../lib/format'
import { useWorkspace } from '../workspace/context'
import { Hands } from './Hands'
import { timeInWords } from './times'
import { occasion, whoTookPart } from './words'

interface VersionRowProps {
  version: Version
  now: Date
  current: boolean
  onOpen: () => void
}

/** One version in the list: when it was, its name, and who took part. */
export function VersionRow({ version, now, current, onOpen }: VersionRowProps) {
  const { me } = useWorkspace()
  const { at, name, authors, incomplete } = version
  const time = (
    <time key="time" dateTime={at} title={formatFull(at)}>
      {timeInWords(new Date(at), now)}
    </time>
  )
  const why = occasion(version, me.id)
  const about = name === null ? (why ?? '') : [time, why === null ? '' : `, ${why}`]
  return (
    <li>
      <button type="button" className="version" aria-current={current || undefined} onClick={onOpen}>
        <span className="version-what">
          <strong>{name === null ? time : <bdi>{name}</bdi>}</strong>
          {about.length === 0 ? null : <span className="version-who">{about}</span>}
          {authors.length === 0 ? null : <span className="version-who">{whoTookPart(authors, me.id)}</span>}
          {incomplete ? <span className="version-who problem">An edit could not be read and is missing</span> : null}
        </span>
        <Hands hands={authors} />
      </button>
    </li>
  )
}
