import type { PointerEvent } from 'react'
import { baseName, parentPath } from '../lib/paths'

interface FileChoicesProps {
  id: string
  paths: readonly string[]
  active: number
  onChoose: (path: string) => void
  onActive: (index: number) => void
}

export const choiceId = (list: string, index: number) => `${list}-${index}`

/** Files to choose from; the keys belong to the field that is typed into, which keeps the focus. */
export function FileChoices({ id, paths, active, onChoose, onActive }: FileChoicesProps) {
  return (
    <ul className="choices" id={id} role="listbox" aria-label="Files">
      {paths.map((path, index) => (
        <li
          key={path}
          id={choiceId(id, index)}
          className="choice"
          role="option"
          aria-selected={index === active}
          onPointerDown={(event: PointerEvent) => event.preventDefault()}
          onPointerMove={() => onActive(index)}
          onClick={() => onChoose(path)}
        >
          <bdi className="choice-name">{baseName(path)}</bdi>
          <bdi className="choice-folder">{parentPath(path)}</bdi>
        </li>
      ))}
    </ul>
  )
}
