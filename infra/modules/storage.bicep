@description('Name of the account, at most 24 letters and digits.')
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Redundancy.')
param sku string

@description('Principal of the silos, which make and use tables.')
param siloPrincipalId string

@description('Action group that alerts go to.')
param actionGroupId string

// Table Data Contributor.
var role = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, siloPrincipalId, role)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: siloPrincipalId
    principalType: 'ServicePrincipal'
  }
}

module availability 'metric-alert.bicep' = {
  params: {
    name: 'storage-availability'
    summary: 'Azure Storage answers fewer than 99 of 100 requests: the silos read and write customers there, and register there.'
    tags: tags
    resourceId: account.id
    metricNamespace: 'Microsoft.Storage/storageAccounts'
    metricName: 'Availability'
    timeAggregation: 'Average'
    operator: 'LessThan'
    threshold: 99
    severity: 1
    actionGroupId: actionGroupId
  }
}

output tables string = account.properties.primaryEndpoints.table
