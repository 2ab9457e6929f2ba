@description('Name of the alert.')
param name string

@description('What it means and what to do, for whoever gets the mail.')
param summary string

@description('Tags of the resource.')
param tags object

@description('Resource that is watched.')
param resourceId string

@description('Namespace of the metric.')
param metricNamespace string

@description('Name of the metric.')
param metricName string

@description('How the values of a window become one.')
@allowed(['Average', 'Maximum', 'Minimum', 'Total'])
param timeAggregation string

@description('How that one is compared with the threshold.')
@allowed(['GreaterThan', 'LessThan'])
param operator string

@description('The threshold.')
param threshold int

@description('0, critical, to 4, verbose.')
@minValue(0)
@maxValue(4)
param severity int

@description('Dimension whose values are watched each for itself. Empty: none.')
param dimension string = ''

@description('Action group that the alert goes to.')
param actionGroupId string

resource alert 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    description: summary
    severity: severity
    enabled: true
    scopes: [resourceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: name
          metricNamespace: metricNamespace
          metricName: metricName
          timeAggregation: timeAggregation
          operator: operator
          threshold: threshold
          dimensions: empty(dimension)
            ? []
            : [
                {
                  name: dimension
                  operator: 'Include'
                  values: ['*']
                }
              ]
        }
      ]
    }
    actions: [
      {
        actionGroupId: actionGroupId
      }
    ]
  }
}
