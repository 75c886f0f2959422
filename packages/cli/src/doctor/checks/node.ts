/** Checks the version of the Node that runs this command. Hosts use the same Node. */
import { broken, ok, type Finding } from '../finding.ts';

export const supportedNode = '^20.19 || >=22.12';

/** True for the versions in {@link supportedNode}. */
export function supportsNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 20) return minor >= 19;
  return major > 22 || (major === 22 && minor >= 12);
}

export const nodeCheck = {
  name: 'node',
  run: ({ nodeVersion }: { readonly nodeVersion: string }): Finding =>
    supportsNode(nodeVersion)
      ? ok(`Node ${nodeVersion}`, `pipework supports ${supportedNode}`)
      : broken(
          `Node ${nodeVersion} is not among the supported versions, ${supportedNode}`,
          'hosts and plugins may fail to load, or fail later',
          'install a supported version of Node, the newest with long-term support for example',
        ),
};
