// The silos. `azd deploy` builds their image, pushes it, and deploys this file with silo.bicepparam.

@description('Name of the azd environment.')
param environmentName string

@description('Azure region.')
param location string = resourceGroup().location

@description('Image of the silo, with registry and tag.')
param image string

@description('Registry that holds the image, a host name.')
param registry string

@description('Container Apps environment.')
param containerEnvironmentId string

@description('Managed identity of the silos, its resource id.')
param identityId string

@description('The same identity\'s client id, by which the silo finds it.')
param identityClientId string

@description('Secret in the vault that holds the operator\'s key, its URI.')
param adminKeyUri string

@description('Event Hubs namespace, a host name.')
param eventHubs string

@description('Event hub that is the log.')
param eventHub string

@description('Consumer group that only these silos read with.')
param consumerGroup string

@description('Azure Table Storage, a URI.')
param tables string

@description('Action group that alerts go to.')
param actionGroupId string

@description('Fewest silos, 2 to 30. With one, its loss would be an outage.')
@minValue(2)
@maxValue(30)
param minReplicas int

@description('Most silos, minReplicas to 30.')
@minValue(2)
@maxValue(30)
param maxReplicas int

@description('Cores of a silo, 1 to 4; it gets twice as many GB of memory.')
@minValue(1)
@maxValue(4)
param cores int

var tags = { 'azd-env-name': environmentName }
var grpcPort = 7878
var healthPort = 7880
var siloPort = 11111
var drainSeconds = 20
// Calls under way get the drain; handing partitions over and saving customers gets the rest.
var graceSeconds = drainSeconds + 100

resource silo 'Microsoft.App/containerApps@2025-01-01' = {
  name: 'silo'
  location: location
  tags: union(tags, { 'azd-service-name': 'silo' })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: containerEnvironmentId
    workloadProfileName: 'Consumption'
    configuration: {
      // A new revision takes the calls when it is ready; until then the old one keeps all its replicas.
      activeRevisionsMode: 'Single'
      ingress: {
        external: true
        targetPort: grpcPort
        transport: 'http2'
        allowInsecure: false
      }
      registries: [
        {
          server: registry
          identity: identityId
        }
      ]
      secrets: [
        {
          name: 'cdp-admin-key'
          keyVaultUrl: adminKeyUri
          identity: identityId
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: graceSeconds
      containers: [
        {
          name: 'silo'
          image: image
          resources: {
            cpu: cores
            memory: '${cores * 2}Gi'
          }
          env: [
            { name: 'CDP_ADMIN_KEY', secretRef: 'cdp-admin-key' }
            { name: 'AZURE_CLIENT_ID', value: identityClientId }
            { name: 'Cdp__Profile', value: 'azure' }
            { name: 'Cdp__EventHubs', value: eventHubs }
            { name: 'Cdp__EventHub', value: eventHub }
            { name: 'Cdp__ConsumerGroup', value: consumerGroup }
            { name: 'Cdp__Tables', value: tables }
            // Silos reach each other at the address that a replica's name leads to.
            { name: 'Cdp__Address', value: '0.0.0.0' }
            { name: 'Cdp__Port', value: string(grpcPort) }
            { name: 'Cdp__HealthPort', value: string(healthPort) }
            { name: 'Cdp__SiloPort', value: string(siloPort) }
            { name: 'Cdp__DrainSeconds', value: string(drainSeconds) }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: { path: '/startupz', port: healthPort }
              periodSeconds: 15
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: { path: '/livez', port: healthPort }
              periodSeconds: 10
              failureThreshold: 3
            }
            {
              type: 'Readiness'
              httpGet: { path: '/readyz', port: healthPort }
              periodSeconds: 5
              failureThreshold: 2
            }
          ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        // By CPU: gRPC keeps few connections open, so that the usual count of requests says little.
        rules: [
          {
            name: 'cpu'
            custom: {
              type: 'cpu'
              metadata: {
                type: 'Utilization'
                value: '70'
              }
            }
          }
        ]
      }
    }
  }
}

module restarts 'modules/metric-alert.bicep' = {
  params: {
    name: 'silo-restarts'
    summary: 'A silo restarted more than three times: see its log. The count begins anew with a new replica, and the alert ends then.'
    tags: tags
    resourceId: silo.id
    metricNamespace: 'Microsoft.App/containerapps'
    metricName: 'RestartCount'
    timeAggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 3
    dimension: 'podName'
    severity: 2
    actionGroupId: actionGroupId
  }
}

module replicas 'modules/metric-alert.bicep' = {
  params: {
    name: 'silo-replicas'
    summary: 'Fewer than two silos: the loss of one more is an outage. See the system log of the container app.'
    tags: tags
    resourceId: silo.id
    metricNamespace: 'Microsoft.App/containerapps'
    metricName: 'Replicas'
    timeAggregation: 'Maximum'
    operator: 'LessThan'
    threshold: 2
    severity: 1
    actionGroupId: actionGroupId
  }
}

output CDP_URL string = 'https://${silo.properties.configuration.ingress.fqdn}'
