/** What a page goes through that a connection must know of. Where there is no page, nothing. */

export interface LifecycleEvents {
  /** The network is back, or somebody looks: a good moment to try again. */
  awake(): void;
  /** The page may never run again. */
  leaving(): void;
}

/** Listens until the function that is given back is called. */
export function watchLifecycle(events: LifecycleEvents): () => void {
  if (typeof window === 'undefined' || typeof document === 'undefined') return () => {};
  const abort = new AbortController();
  const { signal } = abort;
  const shown = (): void => {
    if (document.visibilityState === 'visible') events.awake();
  };
  window.addEventListener('online', () => events.awake(), { signal });
  window.addEventListener('pageshow', () => events.awake(), { signal });
  window.addEventListener('pagehide', () => events.leaving(), { signal });
  document.addEventListener('visibilitychange', shown, { signal });
  return () => abort.abort();
}
