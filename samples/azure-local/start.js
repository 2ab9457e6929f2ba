// Starts the table service of Azurite and one silo of the profile azure-local on it; Ctrl-C stops both.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const data = join(here, 'data')
const port = 10002
mkdirSync(join(data, 'tables'), { recursive: true })

// The account that Azurite documents; it is no secret.
const tables = 'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;' +
  'AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;' +
  `TableEndpoint=http://127.0.0.1:${port}/devstoreaccount1`

const azurite = spawn(join(here, 'node_modules', '.bin', 'azurite-table'),
  ['--tableHost', '127.0.0.1', '--tablePort', String(port), '--location', join(data, 'tables'), '--silent', '--skipApiVersionCheck', '--disableTelemetry'],
  { stdio: 'inherit', detached: true })
azurite.on('exit', code => { if (!silo) { console.error(`Azurite ended with ${code}; is port ${port} taken?`); process.exit(1) } })
let silo

function answers () {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) })
    socket.on('error', () => resolve(false))
  })
}

while (!await answers()) await new Promise(resolve => setTimeout(resolve, 100))
console.log(`Azurite answers on port ${port}; building and starting the silo`)
silo = spawn('dotnet', ['run', '-c', 'Release', '--project', join(root, 'src', 'Cdp.Silo')], {
  stdio: 'inherit',
  detached: true,
  env: { CDP_ADMIN_KEY: 'a-key-for-development-only', Cdp__Profile: 'azure-local', Cdp__Tables: tables, Cdp__DataDirectory: join(data, 'log'), ...process.env }
})

// The silo first: it saves what it has on the tables.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.kill(-silo.pid, 'SIGTERM'))
silo.on('exit', code => { azurite.kill('SIGTERM'); process.exit(code ?? 1) })
