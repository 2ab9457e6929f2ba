// What `azd provision` makes: everything but the silos, which `azd deploy` makes from silo.bicep once their image is built.
targetScope = 'subscription'

@description('Name of the azd environment; the resource group and the names of all resources are made from it.')
@minLength(1)
@maxLength(40)
param environmentName string

@description('Azure region of all resources.')
@minLength(1)
param location string

@description('Where alerts are sent to, an e-mail address.')
@minLength(3)
param alertEmail string

@description('Object id of whoever may read the operator\'s key; azd gives that of whoever deploys. Empty: nobody is given it.')
param principalId string = ''

@description('Partitions of the event hub, 1 to 32: the most partition grains that work at once. The Standard tier never changes the number of a hub.')
@minValue(1)
@maxValue(32)
param partitions int = 16

@description('Hours that the event hub keeps events, 1 to 168. Longer than the longest outage of the silos: what nobody applied by then is gone.')
@minValue(1)
@maxValue(168)
param retentionHours int = 168

@description('Throughput units to start with, 1 to 40; each takes in 1 MB or 1,000 events a second.')
@minValue(1)
@maxValue(40)
param throughputUnits int = 1

@description('Throughput units up to which Event Hubs inflates by itself, throughputUnits to 40. It never deflates.')
@minValue(1)
@maxValue(40)
param maxThroughputUnits int = 10

@description('Redundancy of the storage account, which holds customers, histories and membership. A region without availability zones needs Standard_LRS.')
@allowed(['Standard_LRS', 'Standard_ZRS'])
param storageSku string = 'Standard_ZRS'

@description('Days that logs and traces are kept, 30 to 730.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The operator\'s first key; stored in the vault when there is none yet, and used for nothing else.')
@secure()
param adminKey string = '${newGuid()}-${newGuid()}'

var token = uniqueString(subscription().id, environmentName, location)
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    name: 'id-${token}'
    location: location
    tags: tags
  }
}

module observability 'modules/observability.bicep' = {
  scope: group
  params: {
    token: token
    location: location
    tags: tags
    retentionDays: logRetentionDays
    alertEmail: alertEmail
  }
}

module registry 'modules/registry.bicep' = {
  scope: group
  params: {
    name: 'cr${token}'
    location: location
    tags: tags
    pullerPrincipalId: identity.outputs.principalId
  }
}

module keyVault 'modules/key-vault.bicep' = {
  scope: group
  params: {
    name: 'kv-${token}'
    location: location
    tags: tags
    adminKey: adminKey
    siloPrincipalId: identity.outputs.principalId
    operatorPrincipalId: principalId
  }
}

module eventHubs 'modules/event-hubs.bicep' = {
  scope: group
  params: {
    name: 'evhns-${token}'
    location: location
    tags: tags
    partitions: partitions
    retentionHours: retentionHours
    throughputUnits: throughputUnits
    maxThroughputUnits: maxThroughputUnits
    siloPrincipalId: identity.outputs.principalId
    workspaceId: observability.outputs.workspaceId
    actionGroupId: observability.outputs.actionGroupId
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    name: 'st${token}'
    location: location
    tags: tags
    sku: storageSku
    siloPrincipalId: identity.outputs.principalId
    actionGroupId: observability.outputs.actionGroupId
  }
}

module containerEnvironment 'modules/container-environment.bicep' = {
  scope: group
  params: {
    name: 'cae-${token}'
    location: location
    tags: tags
    workspaceId: observability.outputs.workspaceId
    insightsName: observability.outputs.insightsName
  }
}

// azd keeps these in its environment: silo.bicepparam and azd itself read them there.
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.loginServer
output AZURE_KEY_VAULT_NAME string = keyVault.outputs.name
output CDP_ADMIN_KEY_SECRET_URI string = keyVault.outputs.adminKeyUri
output CDP_CONTAINER_ENVIRONMENT_ID string = containerEnvironment.outputs.id
output CDP_IDENTITY_ID string = identity.outputs.id
output CDP_IDENTITY_CLIENT_ID string = identity.outputs.clientId
output CDP_EVENT_HUBS string = eventHubs.outputs.host
output CDP_EVENT_HUB string = eventHubs.outputs.hub
output CDP_CONSUMER_GROUP string = eventHubs.outputs.consumerGroup
output CDP_TABLES string = storage.outputs.tables
output CDP_ACTION_GROUP_ID string = observability.outputs.actionGroupId
