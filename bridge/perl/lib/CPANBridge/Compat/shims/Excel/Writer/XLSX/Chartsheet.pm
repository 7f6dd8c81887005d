package Excel::Writer::XLSX::Chartsheet;

use 5.014;
use strict;
use warnings;

use Excel::Writer::XLSX::Worksheet;

our $VERSION = '1.11';
our @ISA = ('Excel::Writer::XLSX::Worksheet');

$Carp::Internal{ (__PACKAGE__) }++;

sub _take {
    my ( $self, $chart ) = @_;
    $self->{_chart} = $chart;
    $self->_op( set_chart => $chart );
    return;
}

# What it has of its chart.
for my $method (
    qw(add_series combine set_x_axis set_y_axis set_x2_axis set_y2_axis set_title set_legend set_plotarea set_chartarea
    set_style show_blanks_as show_hidden_data set_size set_table set_up_down_bars set_drop_lines set_high_low_lines
    set_rotation set_hole_size show_na_as_empty_cell)
  )
{
    no strict 'refs';
    *$method = sub { my ( $self, @args ) = @_; return $self->{_chart}->$method(@args) };
}

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Chartsheet - CPANBridge's replacement: a sheet that is a chart

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

Made by C<add_chart> of L<Excel::Writer::XLSX> without C<embedded>. It has the methods of a chart and, as far as they make sense, of a worksheet.

=cut
