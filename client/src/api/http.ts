import { createStore } from '../lib/store'
import { problemFrom, unreachable } from './problem'

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** `keepalive`: the request is sent also when the page is closed in this moment. */
type RequestOptions = Pick<RequestInit, 'keepalive' | 'signal'>

/** Turns true when any answer says that the session is over; the app shows the sign-in page, once nothing is unsaved. */
export const sessionEnded = createStore(false)

async function send(
  method: Method,
  url: string,
  body?: BodyInit,
  type?: string,
  options?: RequestOptions,
): Promise<Response> {
  let response: Response
  try {
    response = await fetch(url, {
      method,
      body: body ?? null,
      headers: { Accept: 'application/json', ...(type === undefined ? {} : { 'Content-Type': type }) },
      credentials: 'same-origin',
      ...options,
    })
  } catch {
    throw unreachable()
  }
  if (response.ok) return response
  if (response.status === 401) sessionEnded.set(true)
  throw problemFrom(response.status, await response.text())
}

/** The caller names the shape that the interface promises; an empty answer is undefined. */
export async function request<T>(method: Method, url: string, json?: unknown, options?: RequestOptions): Promise<T> {
  const response =
    json === undefined
      ? await send(method, url)
      : await send(method, url, JSON.stringify(json), 'application/json', options)
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** The answer as it is, read as UTF-8. */
export async function requestText(url: string): Promise<string> {
  return (await send('GET', url)).text()
}

export async function putBytes(url: string, bytes: BodyInit): Promise<void> {
  await send('PUT', url, bytes, 'application/octet-stream')
}

/**
 * Resolves to the text of the answer. fetch cannot report how much of a body has left, so an upload with progress goes
 * through XMLHttpRequest.
 */
export function upload(
  method: 'PUT' | 'POST',
  url: string,
  file: Blob,
  type: string,
  onProgress: (sent: number) => void,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const abort = () => xhr.abort()
    signal.addEventListener('abort', abort)
    xhr.open(method, url)
    xhr.setRequestHeader('Content-Type', type)
    xhr.upload.onprogress = (event) => onProgress(event.loaded)
    xhr.onload = () =>
      xhr.status < 300 ? resolve(xhr.responseText) : reject(problemFrom(xhr.status, xhr.responseText))
    xhr.onerror = () => reject(unreachable())
    xhr.onabort = () => reject(new DOMException('The upload was stopped', 'AbortError'))
    xhr.onloadend = () => signal.removeEventListener('abort', abort)
    if (signal.aborted) reject(new DOMException('The upload was stopped', 'AbortError'))
    else xhr.send(file)
  })
}

/** The address of a socket on the host that served the page. */
export function socketUrl(path: string): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${path}`
}
