/** Waiting, in words; nothing turns. */
export function Waiting({ children }: { children: string }) {
  return (
    <p className="waiting" role="status">
      {children}
    </p>
  )
}
