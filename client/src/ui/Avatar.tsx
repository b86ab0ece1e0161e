import type { CSSProperties } from 'react'

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** The first letter of a word as a reader counts letters: an emoji or an accented letter is one. */
function firstLetter(word: string): string {
  const [first] = letters.segment(word)
  return first?.segment.toUpperCase() ?? ''
}

/** The first letters of the first and of the last name. */
function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  return firstLetter(words[0] ?? '') + (words.length > 1 ? firstLetter(words.at(-1) ?? '') : '')
}

interface AvatarProps {
  name: string
  color: string
  size?: 'small' | 'medium'
  away?: boolean
}

/**
 * Decoration beside a name or inside something labelled, hence silent for screen readers. The style sheet shows the
 * letters, so that they are not part of anybody's name.
 */
export function Avatar({ name, color, size = 'medium', away = false }: AvatarProps) {
  return (
    <span
      className="avatar"
      aria-hidden
      data-size={size}
      data-away={away || undefined}
      data-letters={size === 'small' ? firstLetter(name.trim()) : initials(name)}
      style={{ '--person': color } as CSSProperties}
    />
  )
}

export function AssistantAvatar({ size = 'medium' }: { size?: 'small' | 'medium' }) {
  return <span className="avatar avatar-assistant" aria-hidden data-size={size} data-letters="✳" />
}
