@description('Name of the vault, at most 24 characters.')
@maxLength(24)
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags object

@description('The operator\'s key of a vault that has none yet.')
@secure()
param adminKey string

@description('Principal of the silos, which read the key.')
param siloPrincipalId string

@description('Principal of the operator, who reads the key to call with it. Empty: nobody.')
param operatorPrincipalId string

var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'

// Without purge protection, so that `azd down --purge` leaves nothing: the vault holds no key that data are encrypted with.
resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
  }
}

// Silos store a hash of the key at their first start and never take another: a later deployment must not make a new one.
@onlyIfNotExists()
resource secret 'Microsoft.KeyVault/vaults/secrets@2024-11-01' = {
  parent: vault
  name: 'cdp-admin-key'
  properties: {
    value: adminKey
    contentType: 'text/plain'
  }
}

resource silosRead 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: secret
  name: guid(secret.id, siloPrincipalId, secretsUser)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    principalId: siloPrincipalId
    principalType: 'ServicePrincipal'
  }
}

resource operatorReads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorPrincipalId)) {
  scope: secret
  name: guid(secret.id, operatorPrincipalId, secretsUser)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', secretsUser)
    principalId: operatorPrincipalId
  }
}

output name string = vault.name

@description('Where the key is; without a version, so that it is the newest.')
output adminKeyUri string = '${vault.properties.vaultUri}secrets/${secret.name}'
